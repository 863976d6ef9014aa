// Package schedule makes the learning rate of a step a pure function of the optimizer's
// rate and the number of the step, so that a run that is resumed uses the rates of one that
// was not disturbed. The rate itself is stored by the optimizer alone.
//
// Steps count from 1 over the whole run. With m warm-up steps, step i ≤ m has the rate
// base·i/m, as in "Accurate, Large Minibatch SGD" (Goyal et al. 2017, §2.2); after it comes
// what the schedule says.
//
// Register gives a schedule of your own a name for configuration files and commands.
package schedule
