#!/bin/sh
# One report with curl: what is owed, a dry run, the report, its receipt. Needs TIENDO_ADDRESS and TIENDO_KEY.
#   TIENDO_ADDRESS=http://127.0.0.1:8101 TIENDO_KEY=tdo_... sh curl.sh report.json
set -eu
: "${TIENDO_ADDRESS:?the address of intake, such as http://127.0.0.1:8101}" "${TIENDO_KEY:?the key of your unit}"
report=${1:?a JSON file with a report}

ask() { # ask METHOD PATH [more arguments of curl]
    method=$1 path=$2
    shift 2
    curl --silent --show-error --fail-with-body --max-time 30 --request "$method" "$TIENDO_ADDRESS$path" \
        --header "Authorization: Bearer $TIENDO_KEY" --header "Accept-Language: en" "$@"
    echo
}

echo "owed now:"
ask GET "/v1/obligations?limit=5&outcome=PENDING"

echo "dry run (writes nothing):"
ask POST "/v1/reports?dry_run=true" --header "Content-Type: application/json" --data-binary "@$report"

# The key is the hash of the content: sending the same file again is answered with the same summary.
key=$(sha256sum "$report" | cut -c1-64)
echo "report:"
answer=$(ask POST /v1/reports --header "Content-Type: application/json" --header "Idempotency-Key: $key" \
    --data-binary "@$report")
echo "$answer"

echo "receipt:"
sha256=$(printf '%s' "$answer" | sed -n 's/.*"sha256":"\([0-9a-f]\{64\}\)".*/\1/p')
ask GET "/v1/receipts/$sha256"
