/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `closetrace explain NAME`: what a word in the output means and what to do about it. */
#ifndef USER_COMMAND_EXPLAIN_H
#define USER_COMMAND_EXPLAIN_H

/**
 * Explain each NAME: verdict, class, cause, reason, state, evidence and the rest of the words.
 * A name that stands in several lists is explained for each. Without a name: list all by group.
 *
 * @argv    argv[0] is "explain".
 * @return  Exit code: 0; 1 when stdout cannot be written; 2 for an unknown name (with the nearest
 *          one) or an option.
 */
int explain_command(int argc, char **argv);

#endif
