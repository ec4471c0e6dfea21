#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
suite=bookworm
. "$(dirname "$0")/debian.inc"
