/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-registry-private.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *holders;

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

/* The child inherits the descriptors but is no holder. Closing is all it may do: an unlock through a
 * shared description would drop the parent's lock. */
static void
after_fork_in_child (void)
{
  for (guint i = 0; holders != NULL && i < holders->len; i++)
    {
      ShmoozeHolder *holder = g_ptr_array_index (holders, i);

      atomic_store (&holder->detached, TRUE);
      shmooze_backing_abandon (&holder->object);
    }
  if (holders != NULL)
    g_ptr_array_set_size (holders, 0);
  pthread_mutex_unlock (&lock);
}

static void
watch_forks (void)
{
  pthread_atfork (before_fork, after_fork_in_parent, after_fork_in_child);
}

/* A program that ends without closing leaves no name behind. */
__attribute__ ((destructor)) static void
release_all (void)
{
  pthread_mutex_lock (&lock);
  for (guint i = 0; holders != NULL && i < holders->len; i++)
    {
      ShmoozeHolder *holder = g_ptr_array_index (holders, i);

      shmooze_backing_release (&holder->object, holder->place);
    }
  g_clear_pointer (&holders, g_ptr_array_unref);
  pthread_mutex_unlock (&lock);
}

/* Between these two no fork happens: a child would inherit locks that it does not know of. */
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

/* To be called in between, when the holder's object is open. */
void
shmooze_registry_add (ShmoozeHolder *holder)
{
  if (holders == NULL)
    holders = g_ptr_array_new ();
  g_ptr_array_add (holders, holder);
}

/* Releases the name. Under the lock, so that no fork comes between. */
void
shmooze_registry_remove (ShmoozeHolder *holder)
{
  pthread_mutex_lock (&lock);
  if (holders != NULL && g_ptr_array_remove_fast (holders, holder))
    shmooze_backing_release (&holder->object, holder->place);
  pthread_mutex_unlock (&lock);
}
