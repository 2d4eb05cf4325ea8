//! A quantised network: numbers in, numbers out.

use std::path::Path;

use tflitec::interpreter::{Interpreter, Options};
use tflitec::model::Model;
use tflitec::tensor::{DataType, Shape, Tensor};

/// Why a network does not run.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The runtime is missing or unknown.
    #[error("load the inference runtime")]
    Runtime(#[from] tflite_abi::LoadError),
    /// The weights are no model that the runtime takes.
    #[error("prepare the model {name}")]
    Prepare {
        /// The model.
        name: &'static str,
        /// The runtime's words.
        #[source]
        source: tflitec::Error,
    },
    /// The model is not of the kind that is expected.
    #[error("the model {name} has numbers of type {found}, which is not expected")]
    Type {
        /// The model.
        name: &'static str,
        /// The type.
        found: String,
    },
    /// The input has another length than the model's.
    #[error("{found} numbers for {expected} inputs")]
    Length {
        /// Numbers given.
        found: usize,
        /// Numbers that the model takes.
        expected: usize,
    },
    /// A network that was just made is not there.
    #[error("keep a network")]
    Missing,
    /// The runtime failed on an input.
    #[error("run a model")]
    Run(#[source] tflitec::Error),
}

/// Loads the runtime library. The first call decides: later ones give its outcome.
pub(crate) fn load_runtime(library: &Path) -> Result<(), NetError> {
    Ok(tflite_abi::load(library)?)
}

/// Weights that are kept for the life of the process, as interpreters need them; a copy is the same
/// weights.
#[derive(Clone, Copy)]
pub(crate) struct Weights {
    name: &'static str,
    model: &'static Model<'static>,
}

impl Weights {
    /// Parses weights whose digest was checked. They are read once and never given back.
    pub(crate) fn new(name: &'static str, bytes: Vec<u8>) -> Result<Self, NetError> {
        let bytes: &'static [u8] = Box::leak(bytes.into_boxed_slice());
        let model =
            Model::from_bytes(bytes).map_err(|source| NetError::Prepare { name, source })?;
        Ok(Self { name, model: Box::leak(Box::new(model)) })
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn model(&self) -> &'static Model<'static> {
        self.model
    }
}

/// A network with int8 input and output of fixed sizes, for one thread at a time.
pub(crate) struct Net {
    interpreter: Interpreter<'static>,
    output: Vec<i8>,
    /// What one step of an output is worth.
    pub(crate) output_scale: f32,
}

impl Net {
    /// A network whose input has these sizes.
    pub(crate) fn new(weights: &Weights, sizes: &[usize]) -> Result<Self, NetError> {
        let name = weights.name;
        let failed = |source| NetError::Prepare { name, source };
        let options = Options { thread_count: 1 };
        let interpreter = Interpreter::new(weights.model, Some(options)).map_err(failed)?;
        interpreter.resize_input(0, Shape::new(sizes.to_vec())).map_err(failed)?;
        interpreter.allocate_tensors().map_err(failed)?;
        let output_scale = {
            let (input, output) =
                (interpreter.input(0).map_err(failed)?, interpreter.output(0).map_err(failed)?);
            check_int8(name, &input)?;
            check_int8(name, &output)?;
            output.quantization_parameters().map_or(1.0, |q| q.scale)
        };
        Ok(Self { interpreter, output: Vec::new(), output_scale })
    }

    /// Runs the network; the answer is its output, row by row.
    pub(crate) fn run(&mut self, input: &[i8]) -> Result<&[i8], NetError> {
        let expected = self.interpreter.input(0).map_err(NetError::Run)?.data::<i8>().len();
        if input.len() != expected {
            return Err(NetError::Length { found: input.len(), expected });
        }
        self.interpreter.copy(input, 0).map_err(NetError::Run)?;
        self.interpreter.invoke().map_err(NetError::Run)?;
        // Copied, so that no slice of the runtime's memory lives while it writes there.
        let output = self.interpreter.output(0).map_err(NetError::Run)?;
        self.output.clear();
        self.output.extend_from_slice(output.data::<i8>());
        Ok(&self.output)
    }
}

/// tflitec gives a tensor's bytes as any type that is asked for; so its type is asked first.
fn check_int8(name: &'static str, tensor: &Tensor<'_>) -> Result<(), NetError> {
    match tensor.data_type() {
        DataType::Int8 => Ok(()),
        other => Err(NetError::Type { name, found: format!("{other:?}") }),
    }
}
