package report_test

import (
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/report"
)

// noImages stands for a data set that is not there.
func noImages(*report.Run) (train, test dataset.Dataset, err error) { return nil, nil, errNoImages }
