/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static inline int
bench_socket_connect (const struct sockaddr_un *address,
                      int                       type)
{
  int fd = socket (AF_UNIX, type | SOCK_CLOEXEC, 0);

  if (fd >= 0 && connect (fd, (const struct sockaddr *) address, sizeof *address) == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Connects both sides by a Unix socket, and removes its name. */
static inline int
bench_socket_open (const BenchRun *run,
                   int             type,
                   int             buffer_size)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd, listener;

  g_snprintf (address.sun_path, sizeof address.sun_path, "/tmp/%s", run->id);
  if (run->ping)
    bench_retry ((fd = bench_socket_connect (&address, type)) >= 0);
  else
    {
      bench_try ((listener = socket (AF_UNIX, type | SOCK_CLOEXEC, 0)) >= 0);
      bench_try (bind (listener, (struct sockaddr *) &address, sizeof address) == 0);
      bench_try (listen (listener, 1) == 0);
      bench_try ((fd = accept (listener, NULL, NULL)) >= 0);
      close (listener);
      unlink (address.sun_path);
    }
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size);
  return fd;
}
