/* tflitec copies this file; what it declares elsewhere is in tensorflow/lite/c/c_api.h here. */
