// Package schedule makes the learning rate a pure function of the training step, so that
// a run that is resumed uses the rates of one that was not disturbed.
//
// Steps count from 1 over the whole run. With m warm-up steps, step i ≤ m has the rate
// lr·i/m, as in "Accurate, Large Minibatch SGD" (Goyal et al. 2017, §2.2); after it comes
// what the schedule says.
package schedule
