"""What students should not have to write: hidden layers with a linear end, a network that never looks ahead, compiling."""

import keras
import numpy as np


@keras.saving.register_keras_serializable("vikit")
class Network(keras.layers.Layer):
    """Hidden layers with ReLU and one linear layer at the end: `[..., n]` to `[..., size]`, for any number of axes before.

    Inputs that belong together are put side by side before: `tf.concat([z, features], axis=-1)`.

    Args:
        size: Size of the output's last axis.
        hidden: Sizes of the hidden layers.
        start: Standard deviation of the last layer's biases at the beginning; 0 has them start at 0.
    """

    def __init__(self, size, hidden=(), start=0.0, **kwargs):
        super().__init__(**kwargs)
        self.size, self.hidden, self.start = size, tuple(hidden), start
        self.inner = [keras.layers.Dense(width, activation="relu") for width in self.hidden]
        self.end = keras.layers.Dense(size, bias_initializer=keras.initializers.RandomNormal(stddev=start))

    def build(self, input_shape):
        shape = input_shape
        for layer in (*self.inner, self.end):
            layer.build(shape)
            shape = (*shape[:-1], layer.units)

    def call(self, values):
        """Returns real numbers `[..., size]` for `values` of shape `[..., n]`."""
        for layer in self.inner:
            values = layer(values)
        return self.end(values)

    def get_config(self):
        return super().get_config() | {"size": self.size, "hidden": self.hidden, "start": self.start}


@keras.saving.register_keras_serializable("vikit")
class Autoregressive(keras.layers.Layer):
    """A masked network: `(z, context)` to two arrays like `z`, whose entry k depends on the entries of z before k alone.

    All of the context reaches every entry. With one hidden layer (Germain and others, "MADE", 2015).

    Args:
        hidden: Size of the hidden layer.
    """

    def __init__(self, hidden=64, **kwargs):
        super().__init__(**kwargs)
        self.hidden = hidden
        self.from_context = keras.layers.Dense(hidden)

    def build(self, z_shape, context_shape):
        size = z_shape[-1]
        # A hidden unit of degree d sees the first d entries; entry k is told by units of degree k and less.
        degrees, entries = np.arange(self.hidden) % size, np.arange(size)
        self.sees = (entries[:, np.newaxis] < degrees).astype("float32")
        self.tells = np.tile(degrees[:, np.newaxis] <= entries, (1, 2)).astype("float32")
        self.inwards = self.add_weight(shape=(size, self.hidden), initializer="glorot_uniform", name="inwards")
        self.outwards = self.add_weight(shape=(self.hidden, 2 * size), initializer="glorot_uniform", name="outwards")
        self.bias = self.add_weight(shape=(2 * size,), initializer="zeros", name="bias")
        self.from_context.build(context_shape)

    def call(self, z, context):
        """Returns `(m, s)`, each of the shape of `z` `[B, K]`; `context` is of shape `[B, H]`."""
        hidden = keras.ops.relu(keras.ops.matmul(z, self.inwards * self.sees) + self.from_context(context))
        both = keras.ops.matmul(hidden, self.outwards * self.tells) + self.bias
        return tuple(keras.ops.split(both, 2, axis=-1))

    def get_config(self):
        return super().get_config() | {"hidden": self.hidden}


def compile_with_adam(model, learning_rate):
    """Compiles a model whose weights are all made. Adam's variables are made at once.

    Variables that the first step of training makes have TensorFlow trace the step twice, which takes seconds.
    """
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer)
