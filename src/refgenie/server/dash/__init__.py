"""The local dashboard: jobs, guards, the bridge to web sites."""
