/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The headings that options are listed under, in help and in the manual. */
#ifndef USER_COMMAND_OPTION_SECTIONS_H
#define USER_COMMAND_OPTION_SECTIONS_H

#define SECTION_WHERE "Where to look"
#define SECTION_WHICH "Which connections"
#define SECTION_COUNTS "Counting"
#define SECTION_OUTPUT "Output"
#define SECTION_CAPTURE "Reading captures"
#define SECTION_LIMITS "Limits"
#define SECTION_TASK "What to do"

#endif
