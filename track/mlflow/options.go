package mlflow

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/euryale-ml/euryale/internal/httpsend"
)

// ErrConfig is wrapped by errors about settings that are missing or make no sense.
var ErrConfig = errors.New("mlflow cannot be used")

// Variables of the environment.
const (
	uriVariable        = "MLFLOW_TRACKING_URI"
	experimentVariable = "MLFLOW_EXPERIMENT_NAME"
	userVariable       = "MLFLOW_TRACKING_USERNAME"
	passwordVariable   = "MLFLOW_TRACKING_PASSWORD"
	tokenVariable      = "MLFLOW_TRACKING_TOKEN"
)

// DefaultExperiment is the experiment of runs that name none.
const DefaultExperiment = "euryale"

// Options say where runs go.
type Options struct {
	// URI is the server's address, such as http://localhost:5000; "" means
	// $MLFLOW_TRACKING_URI.
	URI string
	// Experiment is its name; "" means $MLFLOW_EXPERIMENT_NAME, else DefaultExperiment. It
	// is made if it is not there.
	Experiment string
}

// New makes a Sink. env reads the environment, such as os.Getenv. Nothing is sent yet.
func New(o Options, env func(string) string) (*Sink, error) {
	uri := cmp.Or(o.URI, env(uriVariable))
	if uri == "" {
		return nil, fmt.Errorf("%w: no server is named: set mlflow.uri or %s, such as http://localhost:5000", ErrConfig, uriVariable)
	}
	client, err := httpsend.New("mlflow", uri)
	if err != nil {
		return nil, fmt.Errorf("%w: %w; it comes from mlflow.uri or %s", ErrConfig, err, uriVariable)
	}
	token, user, password := env(tokenVariable), env(userVariable), env(passwordVariable)
	if token != "" || password != "" {
		client.Secrets = append(client.Secrets, token, password)
	}
	client.Authorize = func(r *http.Request) {
		switch { // as MLflow's own client: the name first
		case user != "" && password != "":
			r.SetBasicAuth(user, password)
		case token != "":
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	return &Sink{http: client, experiment: cmp.Or(o.Experiment, env(experimentVariable), DefaultExperiment)}, nil
}
