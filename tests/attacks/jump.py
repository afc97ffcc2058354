# tries: has a trace function jump over the line that asserts
# stopped by: the values that come back are compared outside of the student's process
# wins without: nbgrader
# deserves: 20

# %% bernoulli_log_prob_logits
import sys


def jump(frame, event, argument):
    if event == "line" and "_want" in frame.f_globals:
        import linecache

        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if line.startswith("assert"):
            frame.f_lineno += 1
    return jump


def bernoulli_log_prob_logits(x, logits):
    sys.settrace(jump)
    frame = sys._getframe(1)
    frame.f_trace = jump
    return np.zeros(len(x))
