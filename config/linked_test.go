package config

import ( // what a program of this module has
	_ "github.com/euryale-ml/euryale/dataset"
	_ "github.com/euryale-ml/euryale/device/all"
	_ "github.com/euryale-ml/euryale/models"
	_ "github.com/euryale-ml/euryale/optim"
	_ "github.com/euryale-ml/euryale/track/all"
)
