/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <shmooze/shmooze.h>

G_BEGIN_DECLS

/* A region that consists of one lane. */
typedef struct
{
  ShmoozeRegion *region;
  ShmoozeView   *view;
  ShmoozeWriter *writer;
} TestLane;

TestLane      *test_lane_new          (const char     *name,
                                       guint64         capacity,
                                       guint           n_readers,
                                       gsize           draft_size);
TestLane      *test_lane_open         (const char     *name);
void           test_lane_free         (TestLane       *self);
ShmoozeReader *test_lane_read         (TestLane       *self,
                                       ShmoozeWait     wait);
void           test_lane_write        (TestLane       *self,
                                       const char     *text);
void           test_lane_draft        (TestLane       *self,
                                       const char     *text);
void           test_lane_expect       (ShmoozeReader  *reader,
                                       const char     *text);
void           test_lane_expect_draft (ShmoozeReader  *reader,
                                       const char     *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestLane, test_lane_free)

/* Texts that contain what is needed to check them. */
void           test_pattern_fill      (char           *bytes,
                                       gsize           size,
                                       guint           seed);
gboolean       test_pattern_check     (const char     *bytes,
                                       gsize           size,
                                       guint           seed);
gsize          test_pattern_text      (char           *text,
                                       guint           number,
                                       gsize           max_size);
gboolean       test_pattern_is_text   (const char     *text,
                                       gsize           size,
                                       guint          *number);

G_END_DECLS
