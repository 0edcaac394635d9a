/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-memory-private.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

/* How many bytes the machine can still give, swap included. A file system in memory may promise more than
 * there is, and to find out by asking for it would cost somebody their process. */
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

/* Whether so much lies idle that nobody needs to read how much could be made free, which the kernel takes as
 * long for as for everything else about a region. Half of what is idle is left for its reserves. */
static gboolean
is_idle_memory (guint64 bytes)
{
  struct sysinfo info;

  return sysinfo (&info) == 0 && bytes <= (guint64) info.freeram * info.mem_unit / 2;
}

/* How many bytes a file can have here: what the file system, the machine and the process's limit leave. With
 * as many as @enough the machine has more than is asked for. */
guint64
shmooze_bytes_free (int     fd,
                    guint64 enough)
{
  guint64 bytes = is_idle_memory (enough) ? G_MAXUINT64 : shmooze_available_memory ();
  struct rlimit limit;
  struct statvfs fs;

  if (fstatvfs (fd, &fs) == 0 && fs.f_blocks > 0)
    bytes = MIN (bytes, (guint64) fs.f_bavail * fs.f_frsize);
  if (getrlimit (RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    bytes = MIN (bytes, (guint64) limit.rlim_cur);
  return bytes;
}
