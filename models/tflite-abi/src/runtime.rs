//! The LiteRT library: found, known by its digest, loaded once, its functions by name.

use std::ffi::{c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libloading::Library;
use sha2::{Digest, Sha256};

/// The LiteRT version that the table below describes. Its interface changes between versions.
pub const LITERT_VERSION: &str = "2.3.0";

/// SHA-256 of `libLiteRt.so` of the PyPI package `ai-edge-litert` in [`LITERT_VERSION`].
#[cfg(target_arch = "x86_64")]
pub const LITERT_SHA256: &str = "eec47eb35e2924b3166015887e652a58edc9af823ae38e02bf83bef2548300bb";
/// SHA-256 of `libLiteRt.so` of the PyPI package `ai-edge-litert` in [`LITERT_VERSION`].
#[cfg(target_arch = "aarch64")]
pub const LITERT_SHA256: &str = "b57687dc234d2b8b0598aef5a9c961ed24263df8f8b3f56adbee1cff618e544b";

/// Twice the size of the larger library: a bigger file is refused unread.
const LIBRARY_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Why the library is not used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    /// It is not there or cannot be read.
    #[error("read the LiteRT library {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: String,
    },
    /// It is another version or was changed.
    #[error(
        "{} has the digest {sha256}, which is not that of libLiteRt.so {LITERT_VERSION}",
        path.display()
    )]
    Digest {
        /// The file.
        path: PathBuf,
        /// SHA-256 of the file in hex.
        sha256: String,
    },
    /// The dynamic linker refuses it.
    #[error("load the LiteRT library {}: {cause}", path.display())]
    Link {
        /// The file.
        path: PathBuf,
        /// The linker's words.
        cause: String,
    },
    /// It gave no environment.
    #[error("start LiteRT: status {status}")]
    Start {
        /// LiteRT's status.
        status: c_int,
    },
}

/// A LiteRT status; 0 is success.
pub(crate) type Status = c_int;
/// Any of LiteRT's opaque handles.
pub(crate) type Handle = *mut c_void;

/// LiteRT's sizes along the dimensions (`LiteRtLayout`): 7 bits rank, 1 bit "has strides".
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Layout {
    rank_and_flag: u8,
    padding: [u8; 3],
    sizes: [i32; RANK_MAX],
    strides: [u32; RANK_MAX],
}

const RANK_MAX: usize = 8;
const _: () = assert!(size_of::<Layout>() == 68);

impl Layout {
    /// The sizes.
    pub(crate) fn sizes(&self) -> &[i32] {
        &self.sizes[..usize::from(self.rank_and_flag & 0x7F).min(RANK_MAX)]
    }

    /// Takes other sizes, without strides; false if there are too many.
    pub(crate) fn set_sizes(&mut self, sizes: &[i32]) -> bool {
        let Some(own) = self.sizes.get_mut(..sizes.len()) else { return false };
        own.copy_from_slice(sizes);
        self.rank_and_flag = sizes.len() as u8;
        true
    }
}

/// Element type and layout of a tensor (`LiteRtRankedTensorType`). The element types have
/// TensorFlow Lite's numbers.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct TensorType {
    pub(crate) element: c_int,
    pub(crate) layout: Layout,
}

const _: () = assert!(size_of::<TensorType>() == 72);

/// `LiteRtQuantizationPerTensor`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Quantisation {
    pub(crate) scale: f32,
    pub(crate) zero_point: i64,
}

/// An option of the environment (`LiteRtEnvOption`) with an integer for its value.
#[repr(C)]
pub(crate) struct EnvironmentOption {
    tag: c_int,
    kind: LiteRtAny,
}

/// `LiteRtAny` that holds an integer.
#[repr(C)]
struct LiteRtAny {
    kind: c_int,
    value: i64,
}

const _: () = assert!(size_of::<EnvironmentOption>() == 24);

impl EnvironmentOption {
    const fn integer(tag: c_int, value: i64) -> Self {
        const KIND_INTEGER: c_int = 2;
        Self { tag, kind: LiteRtAny { kind: KIND_INTEGER, value } }
    }
}

/// Look for no accelerator but the processor: a search opens libraries by name.
const REGISTER_ACCELERATORS: EnvironmentOption = EnvironmentOption::integer(24, 1);
/// Only errors are written to the error output.
const LOG_SEVERITY_ERROR: EnvironmentOption = EnvironmentOption::integer(25, 3);

/// Called by LiteRT when it no longer needs a payload.
pub(crate) type Release = unsafe extern "C" fn(*mut c_void);
type Name = *mut *const c_char;
type Out = *mut Handle;

macro_rules! functions {
    ($($field:ident = $symbol:literal: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// LiteRT's functions that are used here.
        pub(crate) struct Functions {
            $(pub(crate) $field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            _library: Library,
        }

        impl Functions {
            fn of(library: Library) -> Result<Self, libloading::Error> {
                Ok(Self {
                    // SAFETY: these are the declarations in the headers of the one version whose
                    // digest was checked, and the library stays loaded beside the pointers.
                    $($field: *unsafe { library.get(concat!($symbol, "\0").as_bytes()) }?,)*
                    _library: library,
                })
            }
        }
    };
}

functions! {
    create_environment = "LiteRtCreateEnvironment":
        fn(c_int, *const EnvironmentOption, Out) -> Status;
    create_model = "LiteRtCreateModelFromBuffer": fn(Handle, *const c_void, usize, Out) -> Status;
    destroy_model = "LiteRtDestroyModel": fn(Handle);
    signature = "LiteRtGetModelSignature": fn(Handle, usize, Out) -> Status;
    signature_subgraph = "LiteRtGetSignatureSubgraph": fn(Handle, Out) -> Status;
    signature_inputs = "LiteRtGetNumSignatureInputs": fn(Handle, *mut usize) -> Status;
    signature_outputs = "LiteRtGetNumSignatureOutputs": fn(Handle, *mut usize) -> Status;
    signature_input = "LiteRtGetSignatureInputTensorByIndex": fn(Handle, usize, Out) -> Status;
    signature_output = "LiteRtGetSignatureOutputTensorByIndex": fn(Handle, usize, Out) -> Status;
    subgraph_input = "LiteRtGetSubgraphInput": fn(Handle, usize, Out) -> Status;
    subgraph_output = "LiteRtGetSubgraphOutput": fn(Handle, usize, Out) -> Status;
    tensor_name = "LiteRtGetTensorName": fn(Handle, Name) -> Status;
    tensor_type = "LiteRtGetRankedTensorType": fn(Handle, *mut TensorType) -> Status;
    quantisation_kind = "LiteRtGetQuantizationTypeId": fn(Handle, *mut c_int) -> Status;
    quantisation = "LiteRtGetPerTensorQuantization": fn(Handle, *mut Quantisation) -> Status;
    create_options = "LiteRtCreateOptions": fn(Out) -> Status;
    destroy_options = "LiteRtDestroyOptions": fn(Handle);
    set_accelerators = "LiteRtSetOptionsHardwareAccelerators": fn(Handle, c_int) -> Status;
    create_opaque_options = "LiteRtCreateOpaqueOptions":
        fn(*const c_char, *mut c_void, Option<Release>, Out) -> Status;
    add_opaque_options = "LiteRtAddOpaqueOptions": fn(Handle, Handle) -> Status;
    compile = "LiteRtCreateCompiledModel": fn(Handle, Handle, Handle, Out) -> Status;
    destroy_compiled = "LiteRtDestroyCompiledModel": fn(Handle);
    resize_input = "LiteRtCompiledModelResizeInputTensorNonStrict":
        fn(Handle, usize, usize, *const c_int, usize) -> Status;
    output_layouts = "LiteRtGetCompiledModelOutputTensorLayouts":
        fn(Handle, usize, usize, *mut Layout, bool) -> Status;
    run = "LiteRtRunCompiledModel": fn(Handle, usize, usize, Out, usize, Out) -> Status;
    wrap_memory = "LiteRtCreateTensorBufferFromHostMemory":
        fn(*const TensorType, *mut c_void, usize, Option<Release>, Out) -> Status;
    destroy_buffer = "LiteRtDestroyTensorBuffer": fn(Handle);
}

/// The loaded library with its environment, both for the life of the process.
pub(crate) struct Runtime {
    pub(crate) functions: Functions,
    pub(crate) environment: Handle,
}

// SAFETY: LiteRT guards the environment itself, and nothing here changes it after its creation.
unsafe impl Send for Runtime {}
// SAFETY: as above.
unsafe impl Sync for Runtime {}

static RUNTIME: OnceLock<Result<Runtime, LoadError>> = OnceLock::new();

/// Loads the library at `path`, once: later calls give the first one's outcome.
pub fn load(path: &Path) -> Result<(), LoadError> {
    RUNTIME.get_or_init(|| start(path)).as_ref().map(drop).map_err(Clone::clone)
}

/// The library, if [`load`] has loaded it.
pub(crate) fn loaded() -> Option<&'static Runtime> {
    RUNTIME.get()?.as_ref().ok()
}

fn start(path: &Path) -> Result<Runtime, LoadError> {
    check(path)?;
    let link = |e: libloading::Error| LoadError::Link { path: path.into(), cause: e.to_string() };
    // SAFETY: the file is byte for byte the library that was examined, whose initialisers are
    // those of a C++ library and touch nothing of ours.
    let library = unsafe { Library::new(path) }.map_err(link)?;
    let functions = Functions::of(library).map_err(link)?;
    let options = [REGISTER_ACCELERATORS, LOG_SEVERITY_ERROR];
    let mut environment = std::ptr::null_mut();
    // SAFETY: as many options as the count says, and a place for the answer.
    let status = unsafe {
        (functions.create_environment)(options.len() as c_int, options.as_ptr(), &mut environment)
    };
    if status != 0 || environment.is_null() {
        return Err(LoadError::Start { status });
    }
    Ok(Runtime { functions, environment })
}

/// Whether the file at `path` is the library that was examined; nothing is loaded.
pub fn check(path: &Path) -> Result<(), LoadError> {
    let read = |cause: String| LoadError::Read { path: path.to_owned(), cause };
    let bytes = std::fs::metadata(path).map_err(|e| read(e.to_string()))?.len();
    if bytes > LIBRARY_BYTES_MAX {
        return Err(read(format!("{bytes} bytes are too many")));
    }
    let mut file = std::fs::File::open(path).map_err(|e| read(e.to_string()))?;
    let mut hasher = Sha256::new();
    std::io::copy(&mut file, &mut hasher).map_err(|e| read(e.to_string()))?;
    let sha256 = hex::encode(hasher.finalize());
    if sha256 == LITERT_SHA256 {
        Ok(())
    } else {
        Err(LoadError::Digest { path: path.to_owned(), sha256 })
    }
}
