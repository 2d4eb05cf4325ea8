//! TensorFlow Lite's C interface over LiteRT, so that the crate `tflitec` runs on both processors.
//!
//! Google no longer builds TensorFlow Lite's own C library; its successor LiteRT comes ready for
//! x86_64 and aarch64 in a PyPI package, under another interface. This crate exports the functions
//! that `tflitec` calls by their C names and does their work with LiteRT, which is loaded at run
//! time and known by its digest. Call [`load`] first: without it no model can be made. Nothing but
//! the model given is read, nothing is written, and no accelerator but the processor is used.
//!
//! Start with `runtime.rs` (the library), then `compiled.rs` (what it does for us).
#![expect(unsafe_code, reason = "a C interface on both sides; every block says why it holds")]

mod compiled;
mod runtime;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

pub use compiled::{Compiled, Model, Tensor};
pub use runtime::{LITERT_SHA256, LITERT_VERSION, LoadError, check, load};

const OK: c_int = 0;
const ERROR: c_int = 1;

const fn status(done: Option<()>) -> c_int {
    if done.is_some() { OK } else { ERROR }
}

fn boxed<T>(made: Option<T>) -> *mut T {
    made.map_or(null_mut(), |made| Box::into_raw(Box::new(made)))
}

/// Frees what [`boxed`] gave.
///
/// # Safety
/// `made` is null or comes from [`boxed`] and is not used again.
unsafe fn free<T>(made: *mut T) {
    if !made.is_null() {
        // SAFETY: the caller's word.
        drop(unsafe { Box::from_raw(made) });
    }
}

/// The version of the interface; LiteRT's own is another.
#[unsafe(no_mangle)]
pub extern "C" fn TfLiteVersion() -> *const c_char {
    const VERSION: &CStr = c"2.19.0";
    VERSION.as_ptr()
}

/// A model; null when the bytes are none or [`load`] has not been called.
///
/// # Safety
/// `data` has `bytes` bytes, which outlive the model.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteModelCreate(data: *const c_void, bytes: usize) -> *mut Model {
    boxed(runtime::loaded().and_then(|runtime| Model::new(runtime, data, bytes)))
}

/// Always null: a model is read and its digest checked before it comes here.
#[unsafe(no_mangle)]
pub extern "C" fn TfLiteModelCreateFromFile(_path: *const c_char) -> *mut Model {
    null_mut()
}

/// Frees a model.
///
/// # Safety
/// `model` is null or a model that is not used again, nor is any interpreter of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteModelDelete(model: *mut Model) {
    // SAFETY: the caller's word.
    unsafe { free(model) }
}

/// What an interpreter is made with.
#[derive(Debug, Default)]
pub struct InterpreterOptions {
    threads: i32,
}

/// Options with their defaults.
#[unsafe(no_mangle)]
pub extern "C" fn TfLiteInterpreterOptionsCreate() -> *mut InterpreterOptions {
    boxed(Some(InterpreterOptions::default()))
}

/// Frees options.
///
/// # Safety
/// `options` is null or options that are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterOptionsDelete(options: *mut InterpreterOptions) {
    // SAFETY: the caller's word.
    unsafe { free(options) }
}

/// Sets the number of threads; below 1 it is LiteRT's choice.
///
/// # Safety
/// `options` is null or options that nobody else uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterOptionsSetNumThreads(
    options: *mut InterpreterOptions,
    threads: i32,
) {
    // SAFETY: the caller's word.
    if let Some(options) = unsafe { options.as_mut() } {
        options.threads = threads;
    }
}

/// An interpreter; null when LiteRT cannot compile the model.
///
/// # Safety
/// `model` and `options` are null or alive; the model outlives the interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterCreate(
    model: *const Model,
    options: *const InterpreterOptions,
) -> *mut Compiled {
    // SAFETY: the caller's word.
    let (model, options) = unsafe { (model.as_ref(), options.as_ref()) };
    let threads = options.map_or(0, |options| options.threads);
    boxed(model.and_then(|model| Compiled::new(model, threads)))
}

/// Frees an interpreter.
///
/// # Safety
/// `interpreter` is null or an interpreter that is not used again, nor is any tensor of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterDelete(interpreter: *mut Compiled) {
    // SAFETY: the caller's word.
    unsafe { free(interpreter) }
}

/// Gives the tensors their memory.
///
/// # Safety
/// `interpreter` is null or an interpreter that nobody else uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterAllocateTensors(interpreter: *mut Compiled) -> c_int {
    // SAFETY: the caller's word.
    status(unsafe { interpreter.as_mut() }.and_then(Compiled::allocate))
}

/// Runs the model.
///
/// # Safety
/// `interpreter` is null or an interpreter that nobody else uses now, nor any slice of its data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterInvoke(interpreter: *mut Compiled) -> c_int {
    // SAFETY: the caller's word.
    status(unsafe { interpreter.as_mut() }.and_then(Compiled::run))
}

/// Gives an input other sizes.
///
/// # Safety
/// `interpreter` is null or an interpreter that nobody else uses now; `sizes` has `count` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterResizeInputTensor(
    interpreter: *mut Compiled,
    index: i32,
    sizes: *const c_int,
    count: i32,
) -> c_int {
    let (Ok(index), Ok(count)) = (usize::try_from(index), usize::try_from(count)) else {
        return ERROR;
    };
    // SAFETY: the caller's word.
    let (interpreter, sizes) =
        unsafe { (interpreter.as_mut(), std::slice::from_raw_parts(sizes, count)) };
    status(interpreter.and_then(|interpreter| interpreter.resize(index, sizes)))
}

/// How many inputs there are.
///
/// # Safety
/// `interpreter` is null or an interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterGetInputTensorCount(interpreter: *const Compiled) -> i32 {
    // SAFETY: the caller's word.
    unsafe { interpreter.as_ref() }.map_or(0, |interpreter| interpreter.inputs.len() as i32)
}

/// How many outputs there are.
///
/// # Safety
/// `interpreter` is null or an interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterGetOutputTensorCount(
    interpreter: *const Compiled,
) -> i32 {
    // SAFETY: the caller's word.
    unsafe { interpreter.as_ref() }.map_or(0, |interpreter| interpreter.outputs.len() as i32)
}

/// An input, null if there is none with this index.
///
/// # Safety
/// `interpreter` is null or an interpreter, which outlives the tensor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterGetInputTensor(
    interpreter: *mut Compiled,
    index: i32,
) -> *mut Tensor {
    // SAFETY: the caller's word.
    let inputs = unsafe { interpreter.as_mut() }.map(|interpreter| &mut interpreter.inputs);
    nth(inputs, index).map_or(null_mut(), |tensor| tensor)
}

/// An output, null if there is none with this index.
///
/// # Safety
/// `interpreter` is null or an interpreter, which outlives the tensor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteInterpreterGetOutputTensor(
    interpreter: *mut Compiled,
    index: i32,
) -> *const Tensor {
    // SAFETY: the caller's word.
    let outputs = unsafe { interpreter.as_mut() }.map(|interpreter| &mut interpreter.outputs);
    nth(outputs, index).map_or(null(), |tensor| tensor)
}

fn nth(tensors: Option<&mut Vec<Tensor>>, index: i32) -> Option<&mut Tensor> {
    tensors?.get_mut(usize::try_from(index).ok()?)
}

/// The type of a tensor's elements, by TensorFlow Lite's number.
///
/// # Safety
/// `tensor` is null or a tensor of a living interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteTensorType(tensor: *const Tensor) -> c_int {
    // SAFETY: the caller's word.
    unsafe { tensor.as_ref() }.map_or(0, |tensor| tensor.kind.element)
}

/// How many dimensions a tensor has.
///
/// # Safety
/// `tensor` is null or a tensor of a living interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteTensorNumDims(tensor: *const Tensor) -> i32 {
    // SAFETY: the caller's word.
    unsafe { tensor.as_ref() }.map_or(0, |tensor| tensor.kind.layout.sizes().len() as i32)
}

/// The size along one dimension, 0 if there is none with this index.
///
/// # Safety
/// `tensor` is null or a tensor of a living interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteTensorDim(tensor: *const Tensor, index: i32) -> i32 {
    // SAFETY: the caller's word.
    let sizes = unsafe { tensor.as_ref() }.map(|tensor| tensor.kind.layout.sizes());
    let size = sizes.zip(usize::try_from(index).ok()).and_then(|(sizes, i)| sizes.get(i));
    size.copied().unwrap_or(0)
}

/// Length of the contents in bytes.
///
/// # Safety
/// `tensor` is null or a tensor of a living interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteTensorByteSize(tensor: *const Tensor) -> usize {
    // SAFETY: the caller's word.
    unsafe { tensor.as_ref() }.map_or(0, |tensor| tensor.bytes)
}

/// Where the contents are; null before they are allocated.
///
/// # Safety
/// `tensor` is null or a tensor of a living interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteTensorData(tensor: *const Tensor) -> *mut c_void {
    // SAFETY: the caller's word.
    unsafe { tensor.as_ref() }.map_or(null_mut(), |tensor| tensor.data().cast())
}

/// The tensor's name.
///
/// # Safety
/// `tensor` is null or a tensor of a living interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteTensorName(tensor: *const Tensor) -> *const c_char {
    // SAFETY: the caller's word.
    unsafe { tensor.as_ref() }.map_or(c"".as_ptr(), |tensor| tensor.name.as_ptr())
}

/// What a number in a tensor means: `scale * (number - zero_point)`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct QuantizationParams {
    /// 0 where the tensor is not quantised as a whole.
    pub scale: f32,
    /// The number that means 0.
    pub zero_point: i32,
}

/// A tensor's quantisation.
///
/// # Safety
/// `tensor` is null or a tensor of a living interpreter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteTensorQuantizationParams(
    tensor: *const Tensor,
) -> QuantizationParams {
    // SAFETY: the caller's word.
    unsafe { tensor.as_ref() }.map_or_else(QuantizationParams::default, |tensor| {
        let quantisation = tensor.quantisation;
        QuantizationParams { scale: quantisation.scale, zero_point: quantisation.zero_point as i32 }
    })
}

/// Copies `bytes` bytes into an input, if that is its length.
///
/// # Safety
/// `tensor` is null or a tensor that nobody else uses now; `data` has `bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TfLiteTensorCopyFromBuffer(
    tensor: *mut Tensor,
    data: *const c_void,
    bytes: usize,
) -> c_int {
    // SAFETY: the caller's word.
    let Some(tensor) = (unsafe { tensor.as_mut() }) else { return ERROR };
    let own = tensor.data();
    if own.is_null() || bytes != tensor.bytes {
        return ERROR;
    }
    // SAFETY: both have so many bytes, and LiteRT's memory is not the caller's.
    unsafe { std::ptr::copy_nonoverlapping(data.cast::<u8>(), own, bytes) };
    OK
}
