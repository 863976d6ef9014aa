// Package schedule makes the learning rate of a step a pure function of the optimizer's
// rate and the number of the step, so that a resumed run uses the same rates as one that
// was not interrupted. Only the optimizer stores the rate itself.
//
// Steps count from 1 over the complete run. With m warm-up steps, step i ≤ m has the rate
// base·i/m, as in "Accurate, Large Minibatch SGD" (Goyal et al. 2017, §2.2); later steps
// follow the schedule.
//
// Register gives a custom schedule a name for configuration files and commands.
package schedule
