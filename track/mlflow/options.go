package mlflow

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/internal/smallfile"
)

// ErrConfig is wrapped by errors about settings that are missing or invalid.
var ErrConfig = errors.New("mlflow cannot be used")

// Variables of the environment.
const (
	uriVariable        = "MLFLOW_TRACKING_URI"
	experimentVariable = "MLFLOW_EXPERIMENT_NAME"
	userVariable       = "MLFLOW_TRACKING_USERNAME"
	passwordVariable   = "MLFLOW_TRACKING_PASSWORD"
	tokenVariable      = "MLFLOW_TRACKING_TOKEN"
	insecureVariable   = "MLFLOW_TRACKING_INSECURE_TLS"
	authorityVariable  = "MLFLOW_TRACKING_SERVER_CERT_PATH"
)

// DefaultExperiment is the experiment of runs that set none.
const DefaultExperiment = "euryale"

// Options are the server and the experiment of a run.
type Options struct {
	// URI is the server's address, such as http://localhost:5000; "" means
	// $MLFLOW_TRACKING_URI.
	URI string
	// Experiment is the experiment's name; "" means $MLFLOW_EXPERIMENT_NAME, else
	// DefaultExperiment. It is created if it does not exist.
	Experiment string
}

// New makes a Sink. env reads the environment, like os.Getenv. Nothing is sent yet.
func New(o Options, env func(string) string) (*Sink, error) {
	uri := cmp.Or(o.URI, env(uriVariable))
	if uri == "" {
		return nil, fmt.Errorf("%w: no server is named: set mlflow.uri or %s, such as http://localhost:5000", ErrConfig, uriVariable)
	}
	client, err := httpsend.New("mlflow", uri)
	if err != nil {
		return nil, fmt.Errorf("%w: %w; it comes from mlflow.uri or %s", ErrConfig, err, uriVariable)
	}
	if err := setTLS(client, env); err != nil {
		return nil, err
	}
	token, user, password := env(tokenVariable), env(userVariable), env(passwordVariable)
	if token != "" || password != "" {
		client.Secrets = append(client.Secrets, token, password)
		if password != "" {
			client.Secrets = append(client.Secrets, httpsend.BasicSecret(user, password))
		}
	}
	client.Authorize = func(r *http.Request) {
		switch { // as MLflow's own client: the name first
		case user != "" && password != "":
			r.SetBasicAuth(user, password)
		case token != "":
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	return &Sink{
		http: client, experiment: cmp.Or(o.Experiment, env(experimentVariable), DefaultExperiment),
		user: cmp.Or(env("LOGNAME"), env("USER"), env("USERNAME")),
	}, nil
}

// setTLS makes the client accept certificates that the system does not trust: all, or those
// signed by the authorities in a file.
func setTLS(client *httpsend.Client, env func(string) string) error {
	file := env(authorityVariable)
	switch strings.ToLower(env(insecureVariable)) {
	case "", "false", "0":
	case "true", "1":
		if file != "" {
			return fmt.Errorf("%w: %s and %s exclude each other", ErrConfig, insecureVariable, authorityVariable)
		}
		client.TLS(&tls.Config{InsecureSkipVerify: true})
		return nil
	default:
		return fmt.Errorf("%w: %s is neither true nor false", ErrConfig, insecureVariable)
	}
	if file == "" {
		return nil
	}
	data, err := smallfile.Read(file, 16<<20)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrConfig, authorityVariable, err)
	}
	known := x509.NewCertPool()
	if !known.AppendCertsFromPEM(data) {
		return fmt.Errorf("%w: %s: %s holds no certificate in PEM", ErrConfig, authorityVariable, file)
	}
	client.TLS(&tls.Config{RootCAs: known})
	return nil
}
