# Networks that are no Keras layers and return zeros of the right shapes; their lists of weights are empty.
class Zeros:
    def __init__(self, size, hidden=(128,)):
        self.size, self.trainable_weights, self.weights = size, [], []

    def __call__(self, inputs):
        return np.zeros((*np.shape(inputs)[:-1], self.size), "float32")


class Encoder(Zeros):
    def __call__(self, x):
        return super().__call__(x), super().__call__(x)


class Decoder(Zeros):
    pass
