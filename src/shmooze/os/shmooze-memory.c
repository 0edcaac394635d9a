/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-memory-private.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

/* For up to this many, /proc/meminfo is not read: that takes a third as long as creating a region. */
#define FEW_BYTES (1024 * 1024)

/* How many bytes the machine can still provide, swap included. A file system in memory can report more free
 * space than that, and an attempt to use it would make the kernel kill a process. */
guint64
shmooze_available_memory (void)
{
  static const char *const words[] = { "MemAvailable:", "SwapFree:" };
  g_autofree char *text = NULL;
  guint64 sum = 0;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return G_MAXUINT64;

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      const char *found = strstr (text, words[i]);

      if (found == NULL)
        return G_MAXUINT64;
      sum += g_ascii_strtoull (found + strlen (words[i]), NULL, 10) * 1024;
    }
  return sum;
}

/* How many bytes the file @fd can have: the minimum of the free space of the file system, the process's limit and,
 * unless @needed is small, the available memory of the machine. */
guint64
shmooze_available_bytes (int     fd,
                         guint64 needed)
{
  guint64 bytes = needed > FEW_BYTES ? shmooze_available_memory () : G_MAXUINT64;
  struct rlimit limit;
  struct statvfs fs;

  if (fstatvfs (fd, &fs) == 0 && fs.f_blocks > 0)
    bytes = MIN (bytes, (guint64) fs.f_bavail * fs.f_frsize);
  if (getrlimit (RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    bytes = MIN (bytes, (guint64) limit.rlim_cur);
  return bytes;
}
