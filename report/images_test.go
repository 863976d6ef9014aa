package report_test

import (
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/report"
)

// noImages stands for a data set that is not there.
func noImages(*report.Run) (dataset.Dataset, error) { return nil, errNoImages }
