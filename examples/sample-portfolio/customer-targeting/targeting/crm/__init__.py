"""Export of segments to a CRM. Not deployed: it has only ever talked to the stub server."""
