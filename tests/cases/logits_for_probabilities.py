# Keras takes logits for probabilities unless it is told.
def categorical_log_prob(y_onehot, logits):
    return -keras.losses.categorical_crossentropy(y_onehot, logits)
