"""Objects in stores such as S3, and files on servers, by fsspec."""
