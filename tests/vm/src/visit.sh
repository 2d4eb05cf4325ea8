# A visit in a running kiosk, as citizen and officer make it on their pages; the officer's PIN is
# that of a site of specimens (board/image/demo-site.sh). Prints the copy's number and code.
set -eu
pin=246810
folder=$(mktemp -d)
address() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" /var/lib/kiosk/screen.json; }
base=$(address citizen | sed 's#/?.*##')
for who in citizen officer; do
    curl -sfL -c "$folder/$who" -o /dev/null "$(address $who)"
done
as() { who=$1; shift; curl -s --max-time 300 -b "$folder/$who" -H 'Content-Type: application/json' "$@"; }
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

touch_button() { as citizen -f -o /dev/null -d '{}' "$base/api/visit/$1"; }
wait_for() {
    tries=0
    until state=$(as citizen "$base/api/visit" | field state); [ "$state" = "$1" ]; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || { echo "waited for $1, the screen shows $state"; exit 1; }
        sleep 2
    done
}

touch_button start
wait_for collecting
touch_button scan
tries=0
until as citizen "$base/api/visit" | grep -q '"pages":1'; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { echo "no page came"; exit 1; }
    sleep 2
done
touch_button pages-done
wait_for awaiting_card
touch_button card-skip
wait_for deciding
visit=$(as officer "$base/api/officer/case" | field visit)
as officer -f -d "{\"visit\":\"$visit\",\"officer\":\"mau\",\"pin\":\"$pin\",\"verdict\":\"approve\",\
\"title\":\"Giấy tờ khác\",\"requester\":\"Người Yêu Cầu\",\"confirms_clock\":true}" \
    "$base/api/officer/decide" >/dev/null
wait_for issued
view=$(as citizen "$base/api/visit")
echo "number $(echo "$view" | field number) code $(echo "$view" | field code)"
touch_button end
