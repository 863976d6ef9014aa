// Package mlflow sends runs to an MLflow tracking server, by its REST API (paths of version
// 2.0, which GitLab, Databricks and Azure ML support too): settings, tags, values of each
// step, pictures in the form that the server's page shows, files.
//
// Credentials come only from the environment, under MLflow's own names:
// MLFLOW_TRACKING_USERNAME with MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN. For
// servers whose certificate the system does not trust there are
// MLFLOW_TRACKING_SERVER_CERT_PATH and MLFLOW_TRACKING_INSECURE_TLS.
package mlflow
