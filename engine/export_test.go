package engine

// HostData is what tests read a Gorgonia value by.
var HostData = hostData
