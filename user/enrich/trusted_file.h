/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files that nobody but one user, or root, can have put where they are. */
#ifndef USER_ENRICH_TRUSTED_FILE_H
#define USER_ENRICH_TRUSTED_FILE_H

#include <stdint.h>
#include <sys/types.h>

/**
 * Open a file for reading. Everything on the way, from "/" on, must belong to root or to `owner`, and
 * nobody else may write it: folders, links to folders (which are followed then), the file. In a folder that all
 * may write, but only owners may rename in (the sticky bit), folders are still nobody else's.
 *
 * @path    Absolute.
 * @owner   0: root alone.
 * @return  A descriptor of a regular file, which does not wait; -EPERM for what others can have put
 *          there; -ELOOP for a link in the file's place; -EINVAL for what is no regular file; another negative errno.
 */
int trusted_file_open(const char *path, uid_t owner);

/**
 * Who can have made a folder, or one below it, by its owners: root alone, or also somebody else.
 *
 * @mount  Where the paths begin; itself is root's.
 * @path   Below it. Parts that are gone are passed over: the last one that is there tells.
 * @return 0 for root alone; else the first other owner on the way; (uid_t)-1 when all may write one,
 *         or when it cannot be told.
 */
uid_t trusted_folder_owner(const char *mount, const char *path);

#endif
