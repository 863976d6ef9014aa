package infer_test

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/euryale-ml/euryale/infer"
)

// Weights classify any image.Image.
func ExampleOpen() {
	c, err := infer.Open("runs/first", infer.Options{Top: 1})
	if err != nil {
		fmt.Println("no run there:", !errors.Is(err, infer.ErrClosed))
		return
	}
	defer c.Close()
	results, err := c.Classify(context.Background(), image.NewRGBA(image.Rect(0, 0, 300, 200)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(results[0].Top[0].Class)
	// Output: no run there: true
}
