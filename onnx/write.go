package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/wire"
	"github.com/euryale-ml/euryale/nn"
)

var (
	// ErrOperator is wrapped by errors about operators that have no counterpart in ONNX.
	ErrOperator = errors.New("not in ONNX")
	// ErrWeights is wrapped by errors about parameters that are missing or mis-shaped.
	ErrWeights = errors.New("bad weights")
	// ErrSize is returned for models that are too large for one file of this format.
	ErrSize = errors.New("the model has more than 2 GiB")
)

// Versions of the format.
const (
	irVersion = 8
	opset     = 17
)

// Names of the model's input and output.
const (
	Input  = "image"
	Output = "logits"
)

// Write writes the evaluation graph of a module, traced in float32 (nn.Trace without
// Training), with the weights in tensors by their names and any texts as metadata. The
// file is replaced atomically.
func Write(path string, g *nn.Graph, tensors []checkpoint.Tensor, metadata map[string]string) error {
	c, err := convert(g, tensors)
	if err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	model := c.model(metadata)
	if model.size() > math.MaxInt32 {
		return fmt.Errorf("onnx: %s: %w", path, ErrSize)
	}
	if err := atomicfile.Write(path, 0o644, model.write); err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	return nil
}

// piece is a part of a message: bytes, or the elements of a tensor, which are written
// without a copy.
type piece struct {
	bytes wire.Message
	data  []float32
}

// pieces are the consecutive parts of a message.
type pieces []piece

func (p pieces) size() (n int) {
	for _, one := range p {
		n += len(one.bytes) + 4*len(one.data)
	}
	return n
}

func (p pieces) write(w io.Writer) error {
	buffer := make([]byte, 0, 1<<16)
	for _, one := range p {
		if _, err := w.Write(one.bytes); err != nil {
			return err
		}
		for some := range slices.Chunk(one.data, 1<<14) {
			buffer = buffer[:0]
			for _, v := range some {
				buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
			}
			if _, err := w.Write(buffer); err != nil {
				return err
			}
		}
	}
	return nil
}

// Field numbers of ModelProto, GraphProto, TensorProto and ValueInfoProto.
const (
	modelIR, modelProducer, modelGraph, modelOpset, modelMetadata = 1, 2, 7, 8, 14

	graphNode, graphName, graphInitializer, graphInput, graphOutput = 1, 2, 5, 11, 12

	tensorDims, tensorType, tensorName, tensorData = 1, 2, 8, 9

	floatType = 1
	intType   = 7
)

// model returns the complete file.
func (c *converter) model(metadata map[string]string) pieces {
	var graph pieces
	head := wire.Message(nil)
	for _, n := range c.nodes {
		head = head.Bytes(graphNode, n)
	}
	head = head.Text(graphName, "euryale").Bytes(graphInput, valueInfo(Input, c.input)).Bytes(graphOutput, valueInfo(Output, c.output))
	graph = append(graph, piece{bytes: head})
	for _, t := range c.initializers {
		body := wire.Message(nil)
		for _, d := range t.shape {
			body = body.Key(tensorDims, wire.Varint)
			body = binary.AppendUvarint(body, uint64(d))
		}
		body = body.Int(tensorType, int64(t.kind)).Text(tensorName, t.name).Key(tensorData, wire.Length)
		size := 4*len(t.data) + len(t.raw)
		body = binary.AppendUvarint(body, uint64(size))
		body = append(body, t.raw...)
		start := wire.Message(nil).Key(graphInitializer, wire.Length)
		start = binary.AppendUvarint(start, uint64(len(body)+4*len(t.data)))
		graph = append(graph, piece{bytes: append(start, body...), data: t.data})
	}
	begin := wire.Message(nil).Int(modelIR, irVersion).Text(modelProducer, "euryale").
		Bytes(modelOpset, wire.Message(nil).Int(2, opset))
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		begin = begin.Bytes(modelMetadata, wire.Message(nil).Text(1, key).Text(2, metadata[key]))
	}
	begin = binary.AppendUvarint(begin.Key(modelGraph, wire.Length), uint64(graph.size()))
	return append(pieces{{bytes: begin}}, graph...)
}

// valueInfo describes the input or the output: float32, the first axis of any size.
func valueInfo(name string, shape []int) wire.Message {
	dims := wire.Message(nil).Bytes(1, wire.Message(nil).Text(2, "N"))
	for _, d := range shape[1:] {
		dims = dims.Bytes(1, wire.Message(nil).Int(1, int64(d)))
	}
	tensor := wire.Message(nil).Int(1, floatType).Bytes(2, dims)
	return wire.Message(nil).Text(1, name).Bytes(2, wire.Message(nil).Bytes(1, tensor))
}
