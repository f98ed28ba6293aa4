#!/bin/sh
# The system packages that the product and its tests need. Installs what is missing when it can
# (root on Debian or Ubuntu), otherwise prints the one command that does and stops.
# Usage: system-packages.sh run|test
set -eu

missing=""
need() { # need PROGRAM-OR-FILE PACKAGE…
    probe=$1; shift
    case $probe in
        /*) [ -e "$probe" ] && return 0 ;;
        *) command -v "$probe" >/dev/null 2>&1 && return 0 ;;
    esac
    missing="$missing $*"
}
library() { # library SONAME PACKAGE
    ldconfig -p 2>/dev/null | grep -q "$1" || missing="$missing $2"
}

need redis-server redis-server
need tesseract tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-eng
if command -v tesseract >/dev/null 2>&1; then # it may be there without our languages
    tesseract --list-langs 2>&1 | grep -qx chi_sim || missing="$missing tesseract-ocr-chi-sim"
    tesseract --list-langs 2>&1 | grep -qx eng || missing="$missing tesseract-ocr-eng"
fi
library libpango-1.0.so.0 libpango-1.0-0
library libpangoft2-1.0.so.0 libpangoft2-1.0-0
library libharfbuzz-subset.so.0 libharfbuzz-subset0
need /usr/share/fonts/truetype/wqy/wqy-microhei.ttc fonts-wqy-microhei
if [ "${1:-run}" = test ]; then
    need chromium chromium
    need faketime faketime
    need msgfmt gettext
    need xmllint libxml2-utils
    need pdfsig poppler-utils
    need openssl openssl
fi

[ -z "$missing" ] && exit 0
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing system packages:$missing"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install -qq >/dev/null
else
    echo "System packages are missing. Run this once, then try again:" >&2
    echo "    sudo apt-get update && sudo $install" >&2
    exit 1
fi
