#!/bin/sh
# /usr/local/bin/fedi for an install with systemd: commands run as the service does, as its user and with its settings.
exec runuser -u fedi -- env FEDI_CONFIG=/etc/fedi.toml FEDI_DATA_DIR=/var/lib/fedi /opt/fedi/bin/fedi "$@"
