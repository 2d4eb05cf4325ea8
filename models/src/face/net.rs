//! A network that looks at pixels: bytes in, numbers out.

use tflitec::interpreter::{Interpreter, Options};
use tflitec::tensor::{DataType, Tensor};

use crate::net::{NetError, Weights};

/// A network with one image as input, for one thread at a time. Whether its numbers are int8 or
/// float is the file's choice.
pub(super) struct PixelNet {
    name: &'static str,
    interpreter: Interpreter<'static>,
    input: Input,
    outputs: Vec<Vec<f32>>,
}

/// What each of a pixel's 256 levels is to the network.
enum Input {
    Int8(Vec<i8>, Box<[i8; 256]>),
    Float(Vec<f32>, Box<[f32; 256]>),
}

impl PixelNet {
    /// A network that expects `level * gain + offset` of each level.
    pub(super) fn new(weights: &Weights, gain: f32, offset: f32) -> Result<Self, NetError> {
        let name = weights.name();
        let failed = |source| NetError::Prepare { name, source };
        let options = Options { thread_count: 1 };
        let interpreter = Interpreter::new(weights.model(), Some(options)).map_err(failed)?;
        interpreter.allocate_tensors().map_err(failed)?;
        let value = |level: usize| level as f32 * gain + offset;
        let input = {
            let tensor = interpreter.input(0).map_err(failed)?;
            let numbers = tensor.shape().dimensions().iter().product();
            match tensor.data_type() {
                DataType::Int8 => {
                    let (scale, zero) = step_of(&tensor);
                    let step =
                        |level| (value(level) / scale + zero).round().clamp(-128.0, 127.0) as i8;
                    Input::Int8(vec![0; numbers], Box::new(std::array::from_fn(step)))
                }
                DataType::Float32 => {
                    Input::Float(vec![0.0; numbers], Box::new(std::array::from_fn(value)))
                }
                other => return Err(NetError::Type { name, found: format!("{other:?}") }),
            }
        };
        let outputs = vec![Vec::new(); interpreter.output_tensor_count()];
        Ok(Self { name, interpreter, input, outputs })
    }

    /// Runs the network on an image of its size; the answer is each output's numbers.
    pub(super) fn run(&mut self, pixels: &[u8]) -> Result<&[Vec<f32>], NetError> {
        let expected = match &self.input {
            Input::Int8(numbers, _) => numbers.len(),
            Input::Float(numbers, _) => numbers.len(),
        };
        if pixels.len() != expected {
            return Err(NetError::Length { found: pixels.len(), expected });
        }
        let copied = match &mut self.input {
            Input::Int8(numbers, table) => {
                fill(numbers, pixels, table.as_slice());
                self.interpreter.copy(numbers, 0)
            }
            Input::Float(numbers, table) => {
                fill(numbers, pixels, table.as_slice());
                self.interpreter.copy(numbers, 0)
            }
        };
        copied.map_err(NetError::Run)?;
        self.interpreter.invoke().map_err(NetError::Run)?;
        for (index, numbers) in self.outputs.iter_mut().enumerate() {
            numbers.clear();
            let tensor = self.interpreter.output(index).map_err(NetError::Run)?;
            match tensor.data_type() {
                DataType::Float32 => numbers.extend_from_slice(tensor.data::<f32>()),
                DataType::Int8 => {
                    let (scale, zero) = step_of(&tensor);
                    let steps = tensor.data::<i8>().iter();
                    numbers.extend(steps.map(|step| (f32::from(*step) - zero) * scale));
                }
                other => {
                    return Err(NetError::Type { name: self.name, found: format!("{other:?}") });
                }
            }
        }
        Ok(&self.outputs)
    }
}

fn fill<T: Copy>(numbers: &mut [T], pixels: &[u8], table: &[T]) {
    for (number, level) in numbers.iter_mut().zip(pixels) {
        *number = table[usize::from(*level)];
    }
}

/// Scale and zero of a quantised tensor.
fn step_of(tensor: &Tensor<'_>) -> (f32, f32) {
    let step = tensor.quantization_parameters();
    step.map_or((1.0, 0.0), |step| (step.scale, step.zero_point as f32))
}
