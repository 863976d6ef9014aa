package mlflow

import "testing"

// TestRedacted shows addresses at which a server keeps files, without what may be secret.
func TestRedacted(t *testing.T) {
	for address, want := range map[string]string{
		"s3://me:secret@bucket/a?sig=secret#secret": "s3://bucket/a", "wasbs://c@host/x": "wasbs://host/x", "file:///mnt/a": "file:///mnt/a",
		"me:secret@host": "another place", "": "another place", "s3://me:sec ret@h/": "another place",
	} {
		if got := redacted(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
