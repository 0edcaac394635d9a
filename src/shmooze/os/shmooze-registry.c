/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-registry-private.h"

#include <pthread.h>

typedef struct
{
  gpointer            data;
  ShmoozeRegistryFunc detach;   /* in a forked child */
  ShmoozeRegistryFunc release;  /* when the program ends; NULL: nothing to do */
} Entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GArray *entries;

static void
before_fork (void)
{
  pthread_mutex_lock (&lock);
}

static void
after_fork_in_parent (void)
{
  pthread_mutex_unlock (&lock);
}

static void
after_fork_in_child (void)
{
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    g_array_index (entries, Entry, i).detach (g_array_index (entries, Entry, i).data);
  if (entries != NULL)
    g_array_set_size (entries, 0);
  pthread_mutex_unlock (&lock);
}

static void
watch_forks (void)
{
  pthread_atfork (before_fork, after_fork_in_parent, after_fork_in_child);
}

__attribute__ ((destructor)) static void
release_all (void)
{
  pthread_mutex_lock (&lock);
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    if (g_array_index (entries, Entry, i).release != NULL)
      g_array_index (entries, Entry, i).release (g_array_index (entries, Entry, i).data);
  g_clear_pointer (&entries, g_array_unref);
  pthread_mutex_unlock (&lock);
}

/* No fork happens between begin and end: a child would inherit descriptors that it does not know of. */
void
shmooze_registry_begin (void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, watch_forks);
  pthread_mutex_lock (&lock);
}

void
shmooze_registry_end (void)
{
  pthread_mutex_unlock (&lock);
}

/* Must be called between begin and end. */
void
shmooze_registry_add (gpointer            data,
                      ShmoozeRegistryFunc detach,
                      ShmoozeRegistryFunc release)
{
  const Entry entry = { data, detach, release };

  if (entries == NULL)
    entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_append_val (entries, entry);
}

/* Must be called between begin and end. FALSE: @data is not registered, because the process was forked or is ending. */
gboolean
shmooze_registry_remove (gpointer data)
{
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    if (g_array_index (entries, Entry, i).data == data)
      {
        g_array_remove_index_fast (entries, i);
        return TRUE;
      }
  return FALSE;
}
