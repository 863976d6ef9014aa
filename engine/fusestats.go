package engine

import "github.com/euryale-ml/euryale/device"

// fuseRunningStats joins BatchNormStats and the RunningStat of the mean and of the variance.
// The running statistics must have no other reader, since the fused step overwrites them as
// soon as the batch's are computed.
func fuseRunningStats(u *uses, s *device.Step) (*device.Step, []*device.Step) {
	if s.Kind != device.BatchNormStats {
		return nil, nil
	}
	var moved [2]*device.Step // by row
	for _, r := range u.readers[s.Out[0]] {
		if r.Kind != device.RunningStat {
			continue
		}
		row := r.Attr.(device.RunningStatAttr).Row
		if moved[row] != nil || r.In[0].Role != device.Slot || len(u.readers[r.In[0]]) != 1 {
			return nil, nil
		}
		moved[row] = r
	}
	mean, variance := moved[0], moved[1]
	if mean == nil || variance == nil {
		return nil, nil
	}
	return &device.Step{
		Kind: device.BatchNormUpdate, Path: s.Path,
		Attr: device.BatchNormUpdateAttr{Mean: mean.Attr.(device.RunningStatAttr), Variance: variance.Attr.(device.RunningStatAttr)},
		In:   []*device.Tensor{s.In[0], mean.In[0], variance.In[0]},
		Out:  []*device.Tensor{s.Out[0], mean.Out[0], variance.Out[0]},
	}, []*device.Step{mean, variance, s} // where the statistics are made: others read them
}
