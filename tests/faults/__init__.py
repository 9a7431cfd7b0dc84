"""What goes wrong, and the test that shows what becomes of it: nothing is lost, nothing is doubled,
the daemon lives, and the reason can be read. A test holds this list to the code.

killed after the claim, while decoding    acceptance/test_lifecycle.py::test_killed_in_the_middle_of_the_work
killed at random moments, often           acceptance/test_lifecycle.py::test_killed_at_twenty_random_moments_of_three_hundred_photos
killed before any statement of a record   integration/test_catalogue_kills.py::test_a_kill_anywhere_loses_and_doubles_nothing
killed while tags are derived anew        integration/test_revise_rederive.py::test_a_kill_between_two_pages_loses_nothing
killed during a re-tag                    acceptance/test_retag.py::test_killed_in_the_middle_it_goes_on_and_no_photo_is_ever_without_tags
killed during a metadata write            integration/test_metadata_kills.py::test_a_kill_at_any_step_leaves_the_old_photo_or_the_new
killed during a migration                 integration/test_catalogue_migrate.py::test_a_kill_in_the_middle_leaves_the_old_one_whole
killed while a catalogue is made          integration/test_catalogue_migrate.py::test_a_kill_while_a_catalogue_is_made_leaves_none
killed during a backup                    faults/test_kills.py::test_a_backup_that_is_killed_costs_neither_the_catalogue_nor_the_one_before
a full disk under the catalogue           faults/test_disk.py::test_a_full_disk_is_said_and_the_work_goes_on_when_there_is_room
a full disk under the photos              integration/test_metadata_safe_write.py::test_a_full_disk_keeps_the_photo
a full disk while tags are written        faults/test_writes.py::test_photos_on_a_full_disk_stay_whole_and_get_their_tags_when_there_is_room
photos that others write meanwhile        faults/test_writes.py::test_whoever_changes_a_photo_in_the_midst_of_a_write_wins_and_gets_the_tags_later
photos that may not be written to         faults/test_writes.py::test_a_folder_that_may_not_be_written_to_is_said_until_it_may
a catalogue that may only be read         faults/test_disk.py::test_a_catalogue_that_may_only_be_read_is_refused_in_words_and_can_be_searched
a catalogue that is taken away            faults/test_files.py::test_a_catalogue_that_is_taken_away_ends_the_daemon_with_the_reason
a catalogue that another program locks    faults/test_disk.py::test_another_program_that_keeps_it_locked_for_half_a_minute
a catalogue that turns read-only          faults/test_disk.py::test_a_disk_that_turns_read_only_under_the_running_daemon
fsync fails                               faults/test_disk.py::test_a_disk_that_fails_to_write_what_it_was_given
a reader that does not end                faults/test_log.py::test_a_reader_that_does_not_end_holds_up_the_photos_not_the_disk
a damaged catalogue                       integration/test_ops_backup.py::test_a_damaged_one_is_set_aside_until_a_person_decides
files that change before they are read    faults/test_files.py::test_replaced_truncated_deleted_and_growing_while_they_wait
a file that changes while it is read      unit/test_decoding_failures.py::test_a_file_that_changes_while_it_is_read
a hundred thousand files in one folder    faults/test_files.py::test_a_hundred_thousand_files_in_one_folder
the kernel's queue overflows              integration/test_intake_faults.py::test_an_overflow_of_the_kernels_queue_loses_nothing
the kernel gives no more watches          integration/test_intake_faults.py::test_running_out_of_watches_is_said_and_the_rest_is_polled
a thread of the watch dies                integration/test_intake_faults.py::test_a_thread_that_dies_is_started_anew
a poller dies                             integration/test_intake_faults.py::test_a_poller_that_dies_is_started_anew
a thread stands still                     acceptance/test_watchdog.py::test_the_watchdog_is_fed_only_while_every_thread_makes_progress
a watched disk is unmounted               faults/test_mounts.py::test_a_watched_disk_that_is_unmounted_and_comes_back
a disk below is unmounted                 faults/test_mounts.py::test_a_disk_below_a_watched_folder
a decoder hangs                           integration/test_decoding_pool.py::test_a_decoder_that_hangs_is_killed_and_replaced
a decoder crashes                         integration/test_decoding_pool.py::test_a_decoder_that_dies_costs_only_the_photo_that_it_worked_on
a decoder eats memory                     integration/test_decoding_pool.py::test_a_picture_beyond_the_memory_of_a_decoder_is_too_large
a GPU is out of memory                    integration/test_models_memory.py::test_out_of_memory_halves_the_batch_and_remembers
a GPU vanishes                            unit/test_models_pool_memory.py::test_where_it_is_allowed_the_cpu_stands_in_and_the_gpu_is_asked_for_again
a GPU vanishes, and none may stand in     unit/test_models_pool_memory.py::test_a_gpu_that_goes_is_an_error_that_says_how_to_go_on
the clock is set                          faults/test_clock.py::test_a_duty_is_planned_by_the_new_clock
two daemons                               acceptance/test_lifecycle.py::test_a_second_daemon_says_who_holds_the_catalogue
a full stop under load                    acceptance/test_lifecycle.py::test_a_signal_stops_it_in_the_middle_of_the_work_and_nothing_is_lost
a flipped bit in embedded weights         unit/test_models_bundled.py::test_a_flipped_bit_is_refused_with_both_hashes
a flipped bit in weights of one's own     integration/test_models_adopt.py::test_weights_changed_in_their_place_are_noticed_and_not_loaded
a damaged graph                           acceptance/test_first_run.py::test_a_damaged_graph_is_not_used
"""  # noqa: E501 - a line each, so that one finds a fault's test
