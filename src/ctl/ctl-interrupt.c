/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-interrupt.h"

#include <signal.h>
#include <sys/signalfd.h>

/* Returns a descriptor that becomes readable when a signal asks the program to end, so that poll() can also end a
 * write that blocks. Must be called before any thread starts, since it blocks signals that no thread must receive.
 */
int
ctl_interrupt_open (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGHUP);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  sigprocmask (SIG_BLOCK, &set, NULL);
  signal (SIGPIPE, SIG_IGN);

  return signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
