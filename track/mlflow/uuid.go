package mlflow

import (
	"crypto/sha256"
	"fmt"
	"strconv"
)

// uuid derives an identifier from a picture's run, name and step (RFC 9562, version 8), so
// that a picture sent again replaces the first one.
func uuid(runID, name string, step int) string {
	h := sha256.Sum256([]byte(runID + "\x00" + name + "\x00" + strconv.Itoa(step)))
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
