// Package neptune sends runs to a Neptune server (the protocol of the Python client's
// versions 1.x), or keeps them in the folder that "neptune sync" uploads.
//
// The hosted service has closed. This serves installations of one's own, and the format:
// what an offline folder holds stays readable.
//
// Credentials come from the environment alone: NEPTUNE_API_TOKEN, which names the server
// too. NEPTUNE_PROJECT and NEPTUNE_MODE are read where the settings leave them open.
package neptune
