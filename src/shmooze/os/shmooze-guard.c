/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-guard-private.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

/* An access to a page that another process has truncated raises SIGBUS. If the fault is in a guarded range, the signal
 * handler maps zeros over all ranges of the same region and sets their flag, and the access continues. Other faults are
 * passed to the previous handler.
 *
 * The handler can run in any thread between any two instructions, so that it reads the table without a lock. Entries
 * are added and reused, but never freed. */

struct _ShmoozeGuard
{
  _Atomic (guintptr)      start;  /* 0: the entry is free */
  _Atomic (gsize)         size;
  _Atomic (atomic_bool *) fault;  /* the flag of the region, which also identifies its ranges */
  ShmoozeGuard           *next;
};

static _Atomic (ShmoozeGuard *) table;
static atomic_int handlers_running;
static atomic_bool disabled;
static struct sigaction former;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void
pass_on (int        signum,
         siginfo_t *info,
         void      *context)
{
  if (former.sa_flags & SA_SIGINFO)
    former.sa_sigaction (signum, info, context);
  else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN)
    former.sa_handler (signum);
  else
    signal (signum, SIG_DFL);  /* the access faults again and terminates the process */
}

static void
on_fault (int        signum,
          siginfo_t *info,
          void      *context)
{
  guintptr address = (guintptr) info->si_addr;
  atomic_bool *hit = NULL;

  atomic_fetch_add (&handlers_running, 1);
  for (ShmoozeGuard *g = atomic_load (&table); g != NULL && hit == NULL; g = g->next)
    {
      guintptr start = atomic_load (&g->start);

      if (start != 0 && address >= start && address - start < atomic_load (&g->size))
        hit = atomic_load (&g->fault);
    }
  if (hit != NULL)
    {
      atomic_store (hit, TRUE);
      for (ShmoozeGuard *g = atomic_load (&table); g != NULL; g = g->next)
        {
          guintptr start = atomic_load (&g->start);

          if (start != 0 && atomic_load (&g->fault) == hit &&
              mmap ((void *) start, atomic_load (&g->size), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            hit = NULL;  /* no memory for the zeros: not handled */
        }
    }
  atomic_fetch_sub (&handlers_running, 1);

  if (hit == NULL)
    pass_on (signum, info, context);
}

static void
install (void)
{
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

  sigemptyset (&action.sa_mask);
  sigaction (SIGBUS, NULL, &former);  /* before on_fault() can run and need it */
  sigaction (SIGBUS, &action, &former);
}

/* Guards a range. The caller owns the entry until shmooze_guard_remove(). */
ShmoozeGuard *
shmooze_guard_add (gpointer     start,
                   gsize        size,
                   atomic_bool *fault)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  ShmoozeGuard *entry;

  if (!atomic_load (&disabled))
    pthread_once (&once, install);

  pthread_mutex_lock (&lock);
  for (entry = atomic_load (&table); entry != NULL; entry = entry->next)
    if (atomic_load (&entry->fault) == NULL)
      break;
  if (entry == NULL)
    {
      entry = g_new0 (ShmoozeGuard, 1);
      entry->next = atomic_load (&table);
      atomic_store (&table, entry);
    }
  atomic_store (&entry->fault, fault);
  atomic_store (&entry->size, size);
  atomic_store (&entry->start, (guintptr) start);  /* last, because the handler uses the entry from here on */
  pthread_mutex_unlock (&lock);
  return entry;
}

/* Must be called before munmap(). Afterwards no running handler maps zeros over the range, which can be reused. */
void
shmooze_guard_remove (ShmoozeGuard *self)
{
  atomic_store (&self->start, 0);
  while (atomic_load (&handlers_running) > 0)
    sched_yield ();

  pthread_mutex_lock (&lock);
  atomic_store (&self->fault, NULL);
  pthread_mutex_unlock (&lock);
}

/* Keeps the handler from being installed. Must be called before the first range is added. */
void
shmooze_guard_disable (void)
{
  atomic_store (&disabled, TRUE);
}
