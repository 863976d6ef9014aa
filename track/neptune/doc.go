// Package neptune sends runs to a Neptune server (the protocol of the Python client's
// versions 1.x), or writes them to the folder that "neptune sync" uploads.
//
// The hosted service has closed. The package is for self-hosted servers and for offline
// folders, whose format stays readable.
//
// Credentials come only from the environment: NEPTUNE_API_TOKEN, which also contains the
// server's address. NEPTUNE_PROJECT and NEPTUNE_MODE are read if the settings are empty.
package neptune
