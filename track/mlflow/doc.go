// Package mlflow sends runs to an MLflow tracking server, by its REST API (version 2.0 of
// the paths, which GitLab, Databricks and Azure ML speak too): settings, tags, values of
// each step, pictures as the server's page shows them, files.
//
// Credentials come from the environment alone, under MLflow's own names:
// MLFLOW_TRACKING_USERNAME with MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN. So do
// MLFLOW_TRACKING_SERVER_CERT_PATH and MLFLOW_TRACKING_INSECURE_TLS, for servers whose
// certificate the system does not know.
package mlflow
