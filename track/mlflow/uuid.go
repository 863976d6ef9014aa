package mlflow

import (
	"crypto/sha256"
	"fmt"
	"strconv"
)

// uuid makes the same identifier of the same picture (RFC 9562, version 8), so that one
// which is sent again takes the place of the first.
func uuid(runID, name string, step int) string {
	h := sha256.Sum256([]byte(runID + "\x00" + name + "\x00" + strconv.Itoa(step)))
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
