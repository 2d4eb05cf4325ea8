//! A model that LiteRT has compiled, with memory of our own for its inputs and outputs.

use std::alloc::{Layout as Memory, alloc_zeroed, dealloc};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{NonNull, null, null_mut};

use crate::runtime::{Functions, Handle, Layout, Quantisation, Runtime, Status, TensorType};

/// LiteRT takes memory that begins at a multiple of this, in bytes.
const ALIGNMENT: usize = 64;
/// Run on the processor only.
const ACCELERATOR_CPU: c_int = 1;
/// One scale and zero point for the whole tensor.
const QUANTISATION_PER_TENSOR: c_int = 1;

/// Calls LiteRT with a place for a handle; `None` if it fails or gives none.
fn handle(call: impl FnOnce(*mut Handle) -> Status) -> Option<Handle> {
    let mut handle = null_mut();
    (call(&mut handle) == 0 && !handle.is_null()).then_some(handle)
}

/// Calls LiteRT with a place for a number.
fn number(call: impl FnOnce(*mut usize) -> Status) -> Option<usize> {
    let mut number = 0;
    (call(&mut number) == 0).then_some(number)
}

/// A model's bytes, parsed (`TfLiteModel`).
pub struct Model {
    runtime: &'static Runtime,
    handle: Handle,
}

impl Model {
    /// `None` if the bytes are no model. They must outlive the model and stay as they are.
    pub(crate) fn new(
        runtime: &'static Runtime,
        bytes: *const c_void,
        length: usize,
    ) -> Option<Self> {
        let (create, environment) = (runtime.functions.create_model, runtime.environment);
        // SAFETY: the caller vouches for the bytes.
        let handle = handle(|out| unsafe { create(environment, bytes, length, out) })?;
        Some(Self { runtime, handle })
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: the handle is this model's and nobody else's.
        unsafe { (self.runtime.functions.destroy_model)(self.handle) }
    }
}

/// Zeroed memory that a tensor lives in.
struct Block {
    start: NonNull<u8>,
    memory: Memory,
}

impl Block {
    fn new(bytes: usize) -> Option<Self> {
        let rounded = bytes.max(1).checked_next_multiple_of(ALIGNMENT)?;
        let memory = Memory::from_size_align(rounded, ALIGNMENT).ok()?;
        // SAFETY: the size is not zero.
        let start = NonNull::new(unsafe { alloc_zeroed(memory) })?;
        Some(Self { start, memory })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated with this very layout.
        unsafe { dealloc(self.start.as_ptr(), self.memory) }
    }
}

/// An input or output of a model (`TfLiteTensor`).
pub struct Tensor {
    pub(crate) name: CString,
    pub(crate) kind: TensorType,
    pub(crate) quantisation: Quantisation,
    /// Length of the contents; 0 before the tensors are allocated.
    pub(crate) bytes: usize,
    // In this order: LiteRT lets go of the memory before it is freed.
    buffer: Option<Buffer>,
    block: Option<Block>,
}

/// LiteRT's view of a block.
struct Buffer(&'static Functions, Handle);

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the handle is this buffer's and nobody else's.
        unsafe { (self.0.destroy_buffer)(self.1) }
    }
}

impl Tensor {
    fn new(functions: &Functions, tensor: Handle) -> Option<Self> {
        let mut kind = TensorType::default();
        // SAFETY: a tensor of a living model, and a place for the answer; the same below.
        (unsafe { (functions.tensor_type)(tensor, &mut kind) } == 0).then_some(())?;
        element_bytes(kind.element)?;
        let mut name: *const c_char = null();
        // SAFETY: as above.
        let named = unsafe { (functions.tensor_name)(tensor, &mut name) } == 0 && !name.is_null();
        let name = if named {
            // SAFETY: LiteRT's names end with a zero and live as long as the model.
            unsafe { CStr::from_ptr(name) }.to_owned()
        } else {
            CString::default()
        };
        let (mut scheme, mut quantisation) = (0, Quantisation::default());
        // SAFETY: as above.
        if unsafe { (functions.quantisation_kind)(tensor, &mut scheme) } == 0
            && scheme == QUANTISATION_PER_TENSOR
        {
            // SAFETY: as above.
            unsafe { (functions.quantisation)(tensor, &mut quantisation) };
        }
        Some(Self { name, kind, quantisation, bytes: 0, buffer: None, block: None })
    }

    /// Where the contents are; null before the tensors are allocated.
    pub(crate) fn data(&self) -> *mut u8 {
        self.block.as_ref().map_or(null_mut(), |block| block.start.as_ptr())
    }

    fn allocate(&mut self, functions: &'static Functions) -> Option<()> {
        (self.buffer, self.block, self.bytes) = (None, None, 0);
        let sizes = self.kind.layout.sizes().iter();
        let bytes =
            sizes.copied().try_fold(element_bytes(self.kind.element)?, |product, size| {
                product.checked_mul(usize::try_from(size).ok()?)
            })?;
        let block = Block::new(bytes)?;
        let (wrap, start) = (functions.wrap_memory, block.start.as_ptr().cast());
        // SAFETY: the block has at least so many bytes and outlives the buffer.
        let buffer = handle(|out| unsafe { wrap(&self.kind, start, bytes, None, out) })?;
        (self.buffer, self.block, self.bytes) =
            (Some(Buffer(functions, buffer)), Some(block), bytes);
        Some(())
    }

    fn handle(&self) -> Option<Handle> {
        self.buffer.as_ref().map(|buffer| buffer.1)
    }
}

/// Bytes of one element; `None` for types without a fixed size, which no model of ours has.
const fn element_bytes(element: c_int) -> Option<usize> {
    Some(match element {
        // uint8, bool, int8
        3 | 6 | 9 => 1,
        // int16, float16
        7 | 10 => 2,
        // float32, int32
        1 | 2 => 4,
        // int64, float64
        4 | 11 => 8,
        _ => return None,
    })
}

/// A compiled model (`TfLiteInterpreter`). Inputs and outputs are in the order of the model's main
/// graph; only its first signature is used.
pub struct Compiled {
    runtime: &'static Runtime,
    handle: Handle,
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) outputs: Vec<Tensor>,
    /// For each tensor of the main graph, its place in the signature.
    places: [Vec<usize>; 2],
    allocated: bool,
}

impl Compiled {
    /// Compiles for `threads` threads (any number below 1: LiteRT's own choice).
    pub(crate) fn new(model: &Model, threads: i32) -> Option<Self> {
        let (runtime, functions) = (model.runtime, &model.runtime.functions);
        // SAFETY: a place for the answer.
        let options = Options(functions, handle(|out| unsafe { (functions.create_options)(out) })?);
        // SAFETY: the options are alive.
        unsafe { (functions.set_accelerators)(options.1, ACCELERATOR_CPU) };
        if threads > 0 {
            options.set_threads(threads)?;
        }
        let (environment, compile) = (runtime.environment, functions.compile);
        // SAFETY: environment, model and options are alive.
        let compiled = handle(|out| unsafe { compile(environment, model.handle, options.1, out) })?;
        let mut compiled = Self {
            runtime,
            handle: compiled,
            inputs: Vec::new(),
            outputs: Vec::new(),
            places: [Vec::new(), Vec::new()],
            allocated: false,
        };
        compiled.find_tensors(model)?;
        Some(compiled)
    }

    fn find_tensors(&mut self, model: &Model) -> Option<()> {
        let f = &self.runtime.functions;
        // SAFETY: here and below, handles of a living model and places for the answers.
        let signature = handle(|out| unsafe { (f.signature)(model.handle, 0, out) })?;
        // SAFETY: as above.
        let graph = handle(|out| unsafe { (f.signature_subgraph)(signature, out) })?;
        // SAFETY: as above.
        let inputs = number(|out| unsafe { (f.signature_inputs)(signature, out) })?;
        // SAFETY: as above.
        let outputs = number(|out| unsafe { (f.signature_outputs)(signature, out) })?;
        type Nth = unsafe extern "C" fn(Handle, usize, *mut Handle) -> Status;
        let all = |of: Handle, nth: Nth, count: usize| -> Option<Vec<Handle>> {
            // SAFETY: as above.
            (0..count).map(|i| handle(|out| unsafe { nth(of, i, out) })).collect()
        };
        let named = [
            all(signature, f.signature_input, inputs)?,
            all(signature, f.signature_output, outputs)?,
        ];
        let in_graph =
            [all(graph, f.subgraph_input, inputs)?, all(graph, f.subgraph_output, outputs)?];
        for side in 0..2 {
            let place = |tensor: &Handle| named[side].iter().position(|other| other == tensor);
            self.places[side] = in_graph[side].iter().map(place).collect::<Option<_>>()?;
        }
        self.inputs = in_graph[0].iter().map(|t| Tensor::new(f, *t)).collect::<Option<_>>()?;
        self.outputs = in_graph[1].iter().map(|t| Tensor::new(f, *t)).collect::<Option<_>>()?;
        Some(())
    }

    /// Gives an input other sizes; everything must be allocated anew.
    pub(crate) fn resize(&mut self, input: usize, sizes: &[i32]) -> Option<()> {
        let place = *self.places[0].get(input)?;
        let resize = self.runtime.functions.resize_input;
        // SAFETY: as many sizes as the count says.
        let status = unsafe { resize(self.handle, 0, place, sizes.as_ptr(), sizes.len()) };
        self.allocated = false;
        (status == 0 && self.inputs[input].kind.layout.set_sizes(sizes)).then_some(())
    }

    /// Gives every input and output its memory, by the sizes that follow from the inputs'.
    pub(crate) fn allocate(&mut self) -> Option<()> {
        self.allocated = false;
        let functions = &self.runtime.functions;
        let mut layouts = vec![Layout::default(); self.outputs.len()];
        let (count, out) = (layouts.len(), layouts.as_mut_ptr());
        // SAFETY: a place for as many layouts as there are outputs.
        let status = unsafe { (functions.output_layouts)(self.handle, 0, count, out, true) };
        (status == 0).then_some(())?;
        for (tensor, place) in self.outputs.iter_mut().zip(&self.places[1]) {
            tensor.kind.layout.set_sizes(layouts.get(*place)?.sizes()).then_some(())?;
        }
        let tensors = self.inputs.iter_mut().chain(&mut self.outputs);
        tensors.map(|tensor| tensor.allocate(functions)).collect::<Option<()>>()?;
        self.allocated = true;
        Some(())
    }

    /// Runs the model on what is in its inputs.
    pub(crate) fn run(&mut self) -> Option<()> {
        self.allocated.then_some(())?;
        let in_signature = |tensors: &[Tensor], places: &[usize]| -> Option<Vec<Handle>> {
            let mut handles = vec![null_mut(); tensors.len()];
            for (tensor, place) in tensors.iter().zip(places) {
                handles[*place] = tensor.handle()?;
            }
            Some(handles)
        };
        let mut inputs = in_signature(&self.inputs, &self.places[0])?;
        let mut outputs = in_signature(&self.outputs, &self.places[1])?;
        let run = self.runtime.functions.run;
        // SAFETY: living buffers of the sizes that LiteRT itself named, as many as it has.
        let status = unsafe {
            run(
                self.handle,
                0,
                inputs.len(),
                inputs.as_mut_ptr(),
                outputs.len(),
                outputs.as_mut_ptr(),
            )
        };
        (status == 0).then_some(())
    }
}

impl Drop for Compiled {
    fn drop(&mut self) {
        // SAFETY: the handle is this one's and nobody else's.
        unsafe { (self.runtime.functions.destroy_compiled)(self.handle) }
    }
}

/// How to compile; destroyed when it is done.
struct Options<'a>(&'a Functions, Handle);

impl Options<'_> {
    fn set_threads(&self, threads: i32) -> Option<()> {
        // XNNPACK's settings travel as TOML.
        let payload = CString::new(format!("num_threads = {threads}\n")).ok()?.into_raw().cast();
        let create = self.0.create_opaque_options;
        // SAFETY: the payload is LiteRT's from here on; it gives it back to `release`.
        let own =
            handle(|out| unsafe { create(c"xnnpack".as_ptr(), payload, Some(release), out) })?;
        // SAFETY: both are alive; the options own what is added.
        (unsafe { (self.0.add_opaque_options)(self.1, own) } == 0).then_some(())
    }
}

impl Drop for Options<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is this one's and nobody else's.
        unsafe { (self.0.destroy_options)(self.1) }
    }
}

/// Takes a payload back from LiteRT.
unsafe extern "C" fn release(payload: *mut c_void) {
    if !payload.is_null() {
        // SAFETY: it came from `CString::into_raw`.
        drop(unsafe { CString::from_raw(payload.cast()) });
    }
}
