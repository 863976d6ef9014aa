package config_test

import (
	"fmt"

	"github.com/euryale-ml/euryale/config"
)

func Example() {
	c := config.Default()
	recipe := []byte("model:\n  name: resnet50d\noptim:\n  lr: 0.1\nschedule:\n  name: cosine\n")
	if err := config.LoadFrom("recipe.yaml", recipe, &c); err != nil {
		fmt.Println(err)
		return
	}
	if err := c.Set("data.batch", "32"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Validate())
	fmt.Println(c.RunName())
	fmt.Println(config.Diff(config.Default(), c))
	fmt.Println(c.Set("optim.lrate", "1"))
	fmt.Println(c.Set("data.batch", "0"))
	// Output:
	// <nil>
	// resnet50d-auto-sgd-lr0.1-bs32
	// [model.name: vgg16 → resnet50d data.batch: 64 → 32 optim.lr: 0.001 → 0.1 schedule.name: constant → cosine]
	// config: unknown key optim.lrate; the nearest known key is optim.lr
	// config: data.batch = 0: want a whole number, 1 to 65536
}
