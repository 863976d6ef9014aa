//go:build !amd64 || noasm || purego

package cpu

const haveAVX2, haveAVX512 = false, false
