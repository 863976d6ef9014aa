// Package op holds Euryale's operators on Gorgonia's expression graph: the meaning
// of a node, its type and shape, its symbolic gradient, and a plain implementation
// on *tensor.Dense in float32 and float64 (Do, by way of device/ref), with which
// gorgonia.NewTapeMachine runs any graph made here. The
// engine compiles the same nodes into steps of a device (see Operator).
//
// Tensors are NCHW, weights OIHW, with PyTorch's meaning of every attribute.
// Labels, random counters and predicted classes are int64; the loss and the
// learning rate are scalars of the graph's float type.
//
// Every constructor takes the path of the layer that it belongs to, such as
// "layer1.0.conv2". It names the layer in errors and profiles, and keys the
// layer's random numbers. Give different layers different paths.
//
// # Adding an operator
//
//   - name its kind and attribute in package device, with its operands in order;
//   - write its kernel and its gradient's in device/ref, and call them from ref.Run
//     for their kinds;
//   - write one file here: a constructor that checks types and shapes and calls
//     apply with an operator literal, whose grad field builds the gradients of its
//     operands with constructors of their own;
//   - add it to the table of TestGradients, which compares with finite differences,
//     and to internal/gen/golden/ops.py for PyTorch's values;
//   - give the devices a kernel, and nn a layer.
package op
